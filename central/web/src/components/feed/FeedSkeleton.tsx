import { Skeleton } from '@mantine/core';
import css from './FeedSkeleton.module.css';

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export function FeedSkeleton() {
  return (
    <div className={css.list} aria-hidden="true">
      {ROWS.map((row) => (
        <div key={row} className={css.row}>
          <Skeleton height={14} width={56} />
          <div className={css.body}>
            <Skeleton height={14} width="55%" />
            <Skeleton height={11} width="75%" mt={8} />
          </div>
          <Skeleton height={20} width={72} radius="xl" />
        </div>
      ))}
    </div>
  );
}
