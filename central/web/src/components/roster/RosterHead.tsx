import type { ClassSession } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './RosterHead.module.css';

export function RosterHead({ session }: { session: ClassSession }) {
  const formats = useFormats();
  return (
    <>
      <span className={css.course}>{session.course.title}</span>
      <span className={css.meta}>
        <span>{session.section.name}</span>
        <span>{session.faculty.name}</span>
        <span>
          {session.room.name}, {session.building.name}
        </span>
        <span className={css.range}>{formats.range(session.start_at, session.end_at)}</span>
      </span>
    </>
  );
}
