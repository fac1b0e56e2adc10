import { useTranslation } from 'react-i18next';
import type { Explanation } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './LimitsTimeline.module.css';

/** The time of the class as a band: where present ends, where late ends, and where the taps fell. */
export function LimitsTimeline({ explanation }: { explanation: Explanation }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { accepted_from, present_until, late_until, closes_at } = explanation.limits;
  const fromMs = Date.parse(accepted_from);
  const spanMs = Date.parse(closes_at) - fromMs;
  const at = (instant: string): number =>
    Math.min(100, Math.max(0, ((Date.parse(instant) - fromMs) / spanMs) * 100));
  const limits = [
    { name: t('explain.acceptedFrom'), instant: accepted_from },
    { name: t('explain.presentUntil'), instant: present_until },
    { name: t('explain.lateUntil'), instant: late_until },
    { name: t('explain.closesAt'), instant: closes_at },
  ];
  return (
    <div>
      <div className={css.band} aria-hidden="true">
        <span className={css.present} style={{ width: `${at(present_until)}%` }} />
        <span className={css.late} style={{ width: `${at(late_until) - at(present_until)}%` }} />
        {explanation.evidence.map((item) =>
          item.effective_at === null ? null : (
            <i
              key={item.punch_id}
              className={css.tap}
              data-used={item.used}
              style={{ left: `${at(item.effective_at)}%` }}
            />
          ),
        )}
      </div>
      <dl className={css.limits}>
        {limits.map(({ name, instant }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formats.clock(instant)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
