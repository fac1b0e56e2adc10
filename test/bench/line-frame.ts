/** A line with the checksum of the framed format (line note §4): the XOR of its characters as two hex digits. */
export function withLineChecksum(fields: string): string {
  let checksum = 0;
  for (const character of fields) checksum ^= character.charCodeAt(0);
  return `${fields}*${checksum.toString(16).toUpperCase().padStart(2, '0')}\n`;
}
