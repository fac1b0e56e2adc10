import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { KEYS } from '../api/keys.js';
import { browserLink, type LinkStatus, type LiveLink } from './link.js';

const LinkContext = createContext<LiveLink | null>(null);

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [link] = useState(() => browserLink(client));

  useEffect(() => {
    link.start();
    // A stream is refused without words when the token has expired or nobody is signed in any more: asking who
    // is signed in renews the token, or leads to the sign-in.
    const stopAsking = link.onStatus(() => {
      if (link.status().state === 'reconnecting') void client.invalidateQueries({ queryKey: KEYS.account });
    });
    const retry = (): void => link.retryNow();
    const retryWhenSeen = (): void => {
      if (document.visibilityState === 'visible') link.retryNow();
    };
    window.addEventListener('online', retry);
    document.addEventListener('visibilitychange', retryWhenSeen);
    return () => {
      window.removeEventListener('online', retry);
      document.removeEventListener('visibilitychange', retryWhenSeen);
      stopAsking();
      link.stop();
    };
  }, [link, client]);

  return <LinkContext value={link}>{children}</LinkContext>;
}

export function useLink(): LiveLink {
  const link = useContext(LinkContext);
  if (link === null) throw new Error('useLink needs a LiveProvider above it');
  return link;
}

export function useLinkStatus(): LinkStatus {
  const link = useLink();
  return useSyncExternalStore(link.onStatus, link.status);
}
