import type { ReactNode } from 'react';
import css from './Panel.module.css';

interface PanelProps {
  id: string;
  title: string;
  /** Shown beside the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** One region of the page: a landmark with its heading, reachable by the links in the header. */
export function Panel({ id, title, aside, children }: PanelProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} className={css.panel} tabIndex={-1}>
      <div className={css.head}>
        <h2 id={`${id}-title`} className={css.title}>
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
