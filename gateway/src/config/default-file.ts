/** Where the packages put the configuration (design §4). */
export const DEFAULT_CONFIG_FILE = '/etc/rollcall/gateway.yaml';
