import type { DeviceConfig } from '../config/schema.js';
import type { DriverDefinition } from '../drivers/driver.js';
import type { HidLinkSettings, LinkSettings } from '../transport/transport.js';

/** How the port of a device is opened: what its driver says, at the speed that its options say. */
export function linkOf(
  { link, baudFrom, sharesPort }: DriverDefinition<unknown>,
  { options }: DeviceConfig,
): LinkSettings | HidLinkSettings {
  if (link.kind === 'hid') {
    const { kind, usagePage, usage, exclusive } = link;
    return { kind, usagePage, usage, exclusive };
  }
  const { baud, dtr, rts } = link;
  const shared = sharesPort === true ? { shared: true } : {};
  return { baud: baudFrom?.(options) ?? baud, dtr, rts, ...shared };
}
