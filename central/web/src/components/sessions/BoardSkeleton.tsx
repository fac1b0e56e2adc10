import { Skeleton } from '@mantine/core';
import css from './SessionBoard.module.css';

const CARDS = ['a', 'b', 'c', 'd'];

export function BoardSkeleton() {
  return (
    <div className={css.grid} aria-hidden="true">
      {CARDS.map((card) => (
        <Skeleton key={card} height={180} radius={12} />
      ))}
    </div>
  );
}
