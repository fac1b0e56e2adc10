import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router';
import { PageFailed } from '../components/common/PageFailed.js';
import { CodePage } from '../pages/CodePage.js';
import { LivePage } from '../pages/LivePage.js';
import { ScanPage } from '../pages/ScanPage.js';

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

/** What a camera opens: the code of the screen is in the address. */
export interface ScanSearch {
  t?: string;
}

const scanRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/scan',
  component: ScanPage,
  validateSearch: (search: Record<string, unknown>): ScanSearch =>
    typeof search['t'] === 'string' ? { t: search['t'] } : {},
});

const codeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/code/$sessionId',
  component: CodePage,
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([liveRoute, scanRoute, codeRoute]),
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
