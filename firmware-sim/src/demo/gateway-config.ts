import { join } from 'node:path';
import type { Building, Campus, CampusDevice } from '../campus/campus.js';
import { readerKind } from '../campus/reader-kinds.js';
import type { DemoPaths } from './demo-paths.js';
import type { DemoSettings } from './settings.js';

/** The YAML file of one gateway. Strings are written as JSON, which YAML reads as it is. */
export function gatewayConfig(
  campus: Campus,
  building: Building,
  settings: DemoSettings,
  paths: DemoPaths,
): string {
  const text = JSON.stringify;
  const provision = join(paths.provisionDir, building.gatewayId);
  const devices = campus.rooms
    .filter((room) => room.buildingId === building.id)
    .flatMap((room) => [room.reader, ...(room.lights === undefined ? [] : [room.lights])]);
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
    ...devices.flatMap((device) => deviceEntry(device, paths)),
    '',
  ].join('\n');
}

function deviceEntry(device: CampusDevice, paths: DemoPaths): string[] {
  const options = Object.entries(readerKind(device.driver).options);
  return [
    `  - id: ${device.id}`,
    `    driver: ${device.driver}`,
    `    port: ${JSON.stringify(paths.deviceLink(device.id))}`,
    '    direction: both',
    ...(device.feedbackId === undefined ? [] : [`    feedback: ${device.feedbackId}`]),
    ...(options.length === 0 ? [] : ['    options:']),
    ...options.map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`),
  ];
}
