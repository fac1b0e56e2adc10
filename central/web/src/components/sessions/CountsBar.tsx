import { useTranslation } from 'react-i18next';
import type { Counts } from '../../api/types.js';
import { shares, total } from '../../live/counts.js';
import { useFormats } from '../../time/TimeProvider.js';
import { MARK_ICONS } from '../common/MarkBadge.js';
import css from './CountsBar.module.css';

/** Named even at zero, and always at the same place of a card: "0 absent" is what people look for. */
const ALWAYS_NAMED = ['present', 'late', 'pending', 'absent'];

export function CountsBar({ counts }: { counts: Counts }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const all = total(counts);
  if (all === 0) return <p className={css.none}>{t('sessions.noStudents')}</p>;
  const parts = shares(counts);
  return (
    <div className={css.counts}>
      <div className={css.bar} aria-hidden="true">
        {parts
          .filter((part) => part.count > 0)
          .map((part) => (
            <span key={part.mark} data-mark={part.mark} style={{ width: `${part.percent}%` }} />
          ))}
      </div>
      <ul className={css.legend} aria-label={t('sessions.students', { count: all })}>
        {parts
          .filter((part) => part.count > 0 || ALWAYS_NAMED.includes(part.mark))
          .toSorted((a, b) => placeOf(a.mark) - placeOf(b.mark))
          .map((part) => {
            const Icon = MARK_ICONS[part.mark];
            return (
              <li key={part.mark} data-mark={part.mark} data-count={part.count}>
                <Icon size={14} stroke={2.5} aria-hidden="true" />
                <strong>{formats.number(part.count)}</strong> {t(`mark.${part.mark}`)}
              </li>
            );
          })}
      </ul>
    </div>
  );
}

function placeOf(mark: string): number {
  const place = ALWAYS_NAMED.indexOf(mark);
  return place === -1 ? ALWAYS_NAMED.length : place;
}
