/** What ReadSysPara says (EF01 note §5). */
export interface SystemParameters {
  systemId: number;
  capacity: number;
  securityLevel: number;
  address: number;
  packetBytes: number;
  baud: number;
}

export const PARAMETERS_BYTES = 16;
const PACKET_BYTES_LEAST = 32;
const PACKET_CODE_MAX = 3;
const BAUD_UNIT = 9_600;

export function parseParameters(data: Uint8Array): SystemParameters {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    systemId: view.getUint16(2),
    capacity: view.getUint16(4),
    securityLevel: view.getUint16(6),
    address: view.getUint32(8),
    packetBytes: PACKET_BYTES_LEAST << Math.min(PACKET_CODE_MAX, view.getUint16(12)),
    baud: view.getUint16(14) * BAUD_UNIT,
  };
}

/** What ReadProdInfo says; modules of the R503 kind only (EF01 note §4). */
export interface ProductInformation {
  model: string;
  batch: string;
  serial: string;
  sensor: string;
  width: number;
  height: number;
  templateBytes: number;
}

export const PRODUCT_BYTES = 46;

export function parseProduct(data: Uint8Array): ProductInformation {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    model: printable(data.subarray(0, 16)),
    batch: printable(data.subarray(16, 20)),
    serial: printable(data.subarray(20, 28)),
    sensor: printable(data.subarray(30, 38)),
    width: view.getUint16(38),
    height: view.getUint16(40),
    templateBytes: view.getUint16(42),
  };
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/[^\x21-\x7e]/g, '');
}
