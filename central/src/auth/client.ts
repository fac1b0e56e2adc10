/** From where somebody signs in, as it stands in the audit. */
export interface Client {
  ip: string;
  userAgent: string;
  requestId: string;
}
