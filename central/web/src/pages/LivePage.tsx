import { IconEyeOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../api/account.js';
import { DEFAULT_ZONE } from '../api/queries.js';
import { useCampus } from '../api/useLists.js';
import { EmptyState } from '../components/common/EmptyState.js';
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

/** Each part is there for who may see it; central shows only the rows of it that this person may see. */
export function LivePage() {
  const { t } = useTranslation();
  const zone = useCampus().data?.zone ?? DEFAULT_ZONE;
  const seesSessions = useMay('sessions.read');
  const seesTaps = useMay('evidence.read');
  const seesGateways = useMay('devices.read');
  if (!seesSessions && !seesTaps && !seesGateways) {
    return (
      <>
        <PageHeader hasSections={false} />
        <main className={css.page}>
          <EmptyState icon={<IconEyeOff size={32} />} title={t('nothing.title')} hint={t('nothing.hint')} />
        </main>
      </>
    );
  }
  return (
    <>
      <SkipLinks />
      <PageHeader />
      <main className={css.page}>
        <StaleBanner />
        {seesSessions ? <NowSummary /> : null}
        <div className={css.columns} data-taps={seesTaps}>
          <div className={css.classes}>{seesSessions ? <SessionBoard /> : null}</div>
          {seesTaps ? (
            <div className={css.taps}>
              <TapFeed />
            </div>
          ) : null}
          <div className={css.gateways}>{seesGateways ? <GatewayPanel /> : null}</div>
        </div>
        {seesTaps ? <TapAnnouncer /> : null}
        <RosterDrawer />
      </main>
      <footer className={css.footer}>{t('page.footer', { zone })}</footer>
    </>
  );
}
