import { create } from 'qrcode';
import css from './QrImage.module.css';

/** The quiet zone that every reader expects, in modules (ISO/IEC 18004). */
const QUIET_MODULES = 4;

/** Always black on white: cameras in the last row need the contrast, whatever the colors of the page. */
export function QrImage({ text, label }: { text: string; label: string }) {
  const { modules } = create(text, { errorCorrectionLevel: 'M' });
  const side = modules.size + 2 * QUIET_MODULES;
  const path = Array.from({ length: modules.size * modules.size }, (_, index) => index)
    .filter((index) => modules.data[index] === 1)
    .map((index) => {
      const x = (index % modules.size) + QUIET_MODULES;
      const y = Math.floor(index / modules.size) + QUIET_MODULES;
      return `M${x} ${y}h1v1h-1z`;
    })
    .join('');
  return (
    <svg
      className={css.image}
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
