import type { DeviceConfig } from './schema.js';

/** A scanner whose images (`match`) or templates (`fingers`, of OSDP readers) are compared here and not by itself. */
export function matchesOnGateway({ options }: Pick<DeviceConfig, 'options'>): boolean {
  const { match, fingers } = (options ?? {}) as { match?: unknown; fingers?: unknown };
  return match === 'gateway' || fingers === 'gateway';
}
