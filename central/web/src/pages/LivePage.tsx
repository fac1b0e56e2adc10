import { useTranslation } from 'react-i18next';
import { DEFAULT_ZONE } from '../api/queries.js';
import { useCampus } from '../api/useLists.js';
import { TapAnnouncer } from '../components/feed/TapAnnouncer.js';
import { TapFeed } from '../components/feed/TapFeed.js';
import { GatewayPanel } from '../components/gateways/GatewayPanel.js';
import { PageHeader } from '../components/header/PageHeader.js';
import { SkipLinks } from '../components/header/SkipLinks.js';
import { StaleBanner } from '../components/header/StaleBanner.js';
import { RosterDrawer } from '../components/roster/RosterDrawer.js';
import { NowSummary } from '../components/sessions/NowSummary.js';
import { SessionBoard } from '../components/sessions/SessionBoard.js';
import css from './LivePage.module.css';

export function LivePage() {
  const { t } = useTranslation();
  const zone = useCampus().data?.zone ?? DEFAULT_ZONE;
  return (
    <>
      <SkipLinks />
      <PageHeader />
      <main className={css.page}>
        <StaleBanner />
        <NowSummary />
        <div className={css.columns}>
          <div className={css.classes}>
            <SessionBoard />
          </div>
          <div className={css.taps}>
            <TapFeed />
          </div>
          <div className={css.gateways}>
            <GatewayPanel />
          </div>
        </div>
        <TapAnnouncer />
        <RosterDrawer />
      </main>
      <footer className={css.footer}>{t('page.footer', { zone })}</footer>
    </>
  );
}
