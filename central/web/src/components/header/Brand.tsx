import css from './Brand.module.css';

/** A card with the green light of a reader. */
export function Brand() {
  return (
    <span className={css.brand}>
      <svg viewBox="0 0 32 24" width="32" height="24" aria-hidden="true">
        <rect
          x="1.25"
          y="1.25"
          width="29.5"
          height="21.5"
          rx="5"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
        />
        <circle cx="22.5" cy="15" r="4" fill="#3ddc84" />
        <path d="M7 9h8M7 14h5" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      </svg>
      <span className={css.name}>Rollcall</span>
    </span>
  );
}
