import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router';
import { PageFailed } from '../components/common/PageFailed.js';
import { LivePage } from '../pages/LivePage.js';

export interface LiveSearch {
  /** The class session whose roster is open: a link to it can be sent, and Back closes it. */
  session?: string;
}

const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: LivePage,
  errorComponent: PageFailed,
});

const liveRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: LivePage,
  validateSearch: (search: Record<string, unknown>): LiveSearch =>
    typeof search['session'] === 'string' ? { session: search['session'] } : {},
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([liveRoute]),
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
