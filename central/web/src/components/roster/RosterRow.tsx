import { IconChevronDown } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Gateway, RecordItem } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import { MarkBadge } from '../common/MarkBadge.js';
import { Explanation } from './Explanation.js';
import css from './RosterRow.module.css';

interface RosterRowProps {
  record: RecordItem;
  gateways: ReadonlyMap<string, Gateway>;
}

export function RosterRow({ record, gateways }: RosterRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li className={css.row}>
      <button
        type="button"
        className={css.button}
        aria-expanded={open}
        aria-controls={id}
        title={t('roster.why')}
        onClick={() => setOpen(!open)}
      >
        <span className={css.who}>
          <span className={css.name}>{record.student.name}</span>
          <span className={css.roll}>{record.student.roll_number}</span>
        </span>
        {record.marked_at === null ? null : (
          <time className={css.time} dateTime={record.marked_at}>
            {formats.clock(record.marked_at)}
          </time>
        )}
        <MarkBadge mark={record.mark} />
        <IconChevronDown size={16} aria-hidden="true" className={css.chevron} />
      </button>
      <div id={id}>{open ? <Explanation recordId={record.id} gateways={gateways} /> : null}</div>
    </li>
  );
}
