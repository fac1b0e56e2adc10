import { useTranslation } from 'react-i18next';
import type { GatewayDevice } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './DeviceList.module.css';

interface DeviceListProps {
  devices: readonly GatewayDevice[];
  /** Of a gateway that is away nobody knows what its devices do now. */
  isKnown: boolean;
  /** Newest tap by device, as the feed knows it. */
  taps: ReadonlyMap<string, string>;
}

export function DeviceList({ devices, isKnown, taps }: DeviceListProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  if (devices.length === 0) return <p className={css.none}>{t('gateways.noDevices')}</p>;
  return (
    <ul className={css.list} aria-label={t('gateways.devices', { count: devices.length })}>
      {devices.map((device) => (
        <li key={device.id} className={css.device} data-state={stateOf(device)}>
          <span className={css.light} aria-hidden="true" />
          <span className={css.name}>{device.name}</span>
          <span className={css.state}>{t(`device.${stateOf(device)}`)}</span>
          <span className={css.tap}>{lastTap(device)}</span>
        </li>
      ))}
    </ul>
  );

  function stateOf(device: GatewayDevice) {
    return isKnown ? (device.state ?? 'unknown') : 'away';
  }

  function lastTap(device: GatewayDevice): string {
    const known = [device.last_frame_at, taps.get(device.id)].filter((at) => at != null);
    const latest = known.toSorted().at(-1);
    return latest === undefined
      ? t('gateways.noTap')
      : t('gateways.lastTap', { time: formats.clock(latest) });
  }
}
