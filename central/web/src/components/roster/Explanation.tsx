import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { explanationQuery } from '../../api/queries.js';
import type { EvidenceItem, Explanation as ExplanationData, Gateway } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import css from './Explanation.module.css';
import { type Sentence, sentenceOf } from './explain-sentence.js';
import { LimitsTimeline } from './LimitsTimeline.js';

interface ExplanationProps {
  recordId: string;
  gateways: ReadonlyMap<string, Gateway>;
}

export function Explanation({ recordId, gateways }: ExplanationProps) {
  const query = useQuery(explanationQuery(recordId));
  if (query.isPending) return <Skeleton height={120} radius={8} mb="sm" />;
  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  return <Explained explanation={query.data} gateways={gateways} />;
}

interface ExplainedProps {
  explanation: ExplanationData;
  gateways: ReadonlyMap<string, Gateway>;
}

function Explained({ explanation, gateways }: ExplainedProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <div className={css.explanation}>
      <p className={css.sentence}>{say(sentenceOf(explanation))}</p>
      {explanation.also.map(({ reason, text }) => (
        <p key={reason} className={css.small}>
          {t('explain.also', { reason: t(`reason.${reason}`, { defaultValue: text }) })}
        </p>
      ))}
      {explanation.flags.map(({ flag, text }) => (
        <p key={flag} className={css.flag}>
          {t(`flag.${flag}`, { defaultValue: text })}
        </p>
      ))}
      <LimitsTimeline explanation={explanation} />
      <h3 className={css.heading}>{t('explain.evidence')}</h3>
      {explanation.evidence.length === 0 ? <p className={css.small}>{t('explain.noEvidence')}</p> : null}
      <ul className={css.evidence}>
        {explanation.evidence.map((item) => (
          <Evidence key={item.punch_id} item={item} />
        ))}
      </ul>
      {explanation.evidence_more > 0 ? (
        <p className={css.small}>{t('explain.more', { count: explanation.evidence_more })}</p>
      ) : null}
      <p className={css.rule}>
        <span>{explanation.reason}</span>
        <span>{t('explain.rule', { version: explanation.policy_version })}</span>
      </p>
    </div>
  );

  function say(sentence: Sentence): string {
    switch (sentence.kind) {
      case 'tap':
        return t(`explain.${sentence.text}`, {
          kind: t(`kind.${sentence.punchKind}`, { defaultValue: sentence.punchKind }),
          place: sentence.place,
          time: formats.clock(sentence.at),
          limit: formats.clock(sentence.limit),
        });
      case 'absent':
        return t('explain.absent', { from: formats.clock(sentence.from), to: formats.clock(sentence.to) });
      case 'pending': {
        if (sentence.waitingFor.length === 0) return t('explain.pending');
        const names = sentence.waitingFor.map((id) => gateways.get(id)?.name ?? id);
        return t('explain.pendingWaiting', { gateways: formats.list(names) });
      }
      case 'told':
        return t(`reason.${sentence.reason}`, { defaultValue: sentence.text });
    }
  }
}

function Evidence({ item }: { item: EvidenceItem }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <li className={css.item} data-used={item.used}>
      <span className={css.at}>{item.effective_at === null ? '–' : formats.clock(item.effective_at)}</span>
      <span>{t(`kind.${item.kind}`, { defaultValue: item.kind })}</span>
      <span>{item.device_name}</span>
      <span className={css.small}>{item.used ? t('explain.decisive') : whyIgnored()}</span>
    </li>
  );

  function whyIgnored(): string {
    const fallback = item.why_text ?? t('explain.kept');
    if (item.why === null) return fallback;
    const why = t(`ignored.${item.why}`, { defaultValue: fallback });
    if (item.class_rooms.length === 0) return why;
    return `${why}; ${t('explain.classIn', { rooms: formats.list(item.class_rooms) })}`;
  }
}
