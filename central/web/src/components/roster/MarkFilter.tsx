import { useTranslation } from 'react-i18next';
import { MARKS, type Mark } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import { MARK_ICONS } from '../common/MarkBadge.js';
import css from './MarkFilter.module.css';

interface MarkFilterProps {
  tally: ReadonlyMap<Mark, number>;
  all: number;
  mark: Mark | null;
  onChange(mark: Mark | null): void;
}

/** The counts are the filter: press "3 late" to see the three. */
export function MarkFilter({ tally, all, mark, onChange }: MarkFilterProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <fieldset className={css.filter}>
      <legend className={css.legend}>{t('roster.filter')}</legend>
      <button
        type="button"
        className={css.choice}
        aria-pressed={mark === null}
        onClick={() => onChange(null)}
      >
        {t('roster.all')} <strong>{formats.number(all)}</strong>
      </button>
      {MARKS.filter((one) => tally.has(one)).map((one) => {
        const Icon = MARK_ICONS[one];
        return (
          <button
            key={one}
            type="button"
            className={css.choice}
            data-mark={one}
            aria-pressed={mark === one}
            onClick={() => onChange(mark === one ? null : one)}
          >
            <Icon size={14} stroke={2.5} aria-hidden="true" />
            {t(`mark.${one}`)} <strong>{formats.number(tally.get(one) ?? 0)}</strong>
          </button>
        );
      })}
    </fieldset>
  );
}
