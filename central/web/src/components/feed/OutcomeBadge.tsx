import {
  IconCircleCheck,
  IconClockQuestion,
  IconHelpCircle,
  IconLock,
  IconUsers,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Outcome } from '../../api/types.js';
import css from './OutcomeBadge.module.css';

const ICONS: Record<Outcome, TablerIcon> = {
  recognized: IconCircleCheck,
  unknown: IconHelpCircle,
  ambiguous: IconUsers,
  blocked: IconLock,
  time_unknown: IconClockQuestion,
};

/** Quiet for the rule, loud for the exceptions. */
export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation();
  const Icon = ICONS[outcome];
  return (
    <span className={css.badge} data-outcome={outcome}>
      <Icon size={14} aria-hidden="true" />
      {t(`outcome.${outcome}`)}
    </span>
  );
}
