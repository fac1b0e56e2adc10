import { IconAlertTriangle } from '@tabler/icons-react';
import css from './FormProblem.module.css';

/** The place is there before anything is wrong, so that a screen reader says what appears in it. */
export function FormProblem({ text }: { text: string | null }) {
  return (
    <div role="alert" className={css.place}>
      {text === null ? null : (
        <p className={css.problem}>
          <IconAlertTriangle size={20} aria-hidden="true" className={css.icon} />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}
