import { join } from 'node:path';
import { type Building, type Campus, type CampusDevice, devicesOf } from '../campus/campus.js';
import { readerKind } from '../campus/reader-kinds.js';
import type { DemoPaths } from './demo-paths.js';
import type { DeviceAddresses } from './device-addresses.js';
import type { DemoSettings } from './settings.js';

/** The YAML file of one gateway. Strings are written as JSON, which YAML reads as it is. */
export function gatewayConfig(
  campus: Campus,
  building: Building,
  settings: DemoSettings,
  { paths, addresses }: { paths: DemoPaths; addresses: DeviceAddresses },
): string {
  const text = JSON.stringify;
  const provision = join(paths.provisionDir, building.gatewayId);
  const devices = campus.rooms.filter((room) => room.buildingId === building.id).flatMap(devicesOf);
  return [
    '# Written by the demo at every start; changes are lost.',
    'gateway:',
    `  id: ${building.gatewayId}`,
    `  data_dir: ${text(paths.gatewayData(building.gatewayId))}`,
    'uplink:',
    `  mqtt_url: mqtt://127.0.0.1:${settings.mqttPort}`,
    `  password_file: ${text(join(provision, 'mqtt-password'))}`,
    `  central_url: http://127.0.0.1:${settings.port}`,
    'identify:',
    `  card_hash_key_file: ${text(join(provision, 'card-hash-key'))}`,
    'fingers:',
    `  template_key_file: ${text(join(provision, 'template-key'))}`,
    'clock:',
    '  trust: system',
    'devices:',
    ...devices.flatMap((device) => deviceEntry(device, addresses)),
    '',
  ].join('\n');
}

function deviceEntry(device: CampusDevice, addresses: DeviceAddresses): string[] {
  const options = Object.entries(readerKind(device.driver).options);
  return [
    `  - id: ${device.id}`,
    `    driver: ${device.driver}`,
    `    port: ${JSON.stringify(addresses.of(device).port)}`,
    '    direction: both',
    ...(device.feedbackId === undefined ? [] : [`    feedback: ${device.feedbackId}`]),
    ...(options.length === 0 ? [] : ['    options:']),
    ...options.map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`),
  ];
}
