import '@mantine/core/styles.css';
import './app/tokens.css';
import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { KEYS } from './api/keys.js';
import { ApiProblem, isWorthRetrying } from './api/problem.js';
import { router } from './app/router.js';
import { theme } from './app/theme.js';
import { AccountGate } from './components/account/AccountGate.js';
import { startTranslation } from './i18n/start.js';
import { LiveProvider } from './live/LiveProvider.js';
import { TimeProvider } from './time/TimeProvider.js';

const RETRIES_MAX = 2;

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The refresh failed as well: nobody is signed in any more.
      if (error instanceof ApiProblem && error.status === 401) client.setQueryData(KEYS.account, null);
    },
  }),
  defaultOptions: {
    queries: {
      // Data is as fresh as the stream; it is fetched again on gaps, not on every look at the window.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < RETRIES_MAX && isWorthRetrying(error),
      // The browser's own idea of being online says nothing about a central on the same machine.
      networkMode: 'always',
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
await startTranslation();
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <AccountGate>
          <LiveProvider>
            <TimeProvider>
              <RouterProvider router={router} />
            </TimeProvider>
          </LiveProvider>
        </AccountGate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
