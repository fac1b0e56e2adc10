/** Variables of Rollcall that a person may set for the demo's children; every other one would contradict the demo. */
const KEPT = new Set(['ROLLCALL_LOG_LEVEL', 'ROLLCALL_CARD_HASH_KEY_FILE']);

/** The demo brings its own broker and its own gateway files, so overrides meant for a real installation stay out. */
export function childEnvironment(environment: NodeJS.ProcessEnv, dataDir: string): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => KEPT.has(name) || !(name.startsWith('ROLLCALL_') || name.startsWith('MQTT_')),
  );
  return { ...Object.fromEntries(kept), ROLLCALL_DATA_DIR: dataDir };
}

/** A gateway reads every ROLLCALL_ variable as an override of its file. */
export function gatewayEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ROLLCALL_')));
}
