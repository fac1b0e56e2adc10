import {
  IconCheck,
  IconClock,
  IconFileCheck,
  IconHourglass,
  IconMinus,
  IconX,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Mark } from '../../api/types.js';
import css from './MarkBadge.module.css';

/** A shape of its own for each mark: color alone tells nothing to one man in twelve. */
export const MARK_ICONS: Record<Mark, TablerIcon> = {
  present: IconCheck,
  late: IconClock,
  pending: IconHourglass,
  absent: IconX,
  excused: IconFileCheck,
  not_required: IconMinus,
};

export function MarkBadge({ mark }: { mark: Mark }) {
  const { t } = useTranslation();
  const Icon = MARK_ICONS[mark];
  return (
    <span className={css.badge} data-mark={mark}>
      <Icon size={14} stroke={2.5} aria-hidden="true" />
      {t(`mark.${mark}`)}
    </span>
  );
}
