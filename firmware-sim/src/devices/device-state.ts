import type { SimulatedDevice } from './simulated-device.js';

/** What a simulated device looks like from outside, as the control API and the tests read it. */
export function deviceState(device: SimulatedDevice) {
  const { counters } = device.wire;
  return {
    id: device.id,
    driver: device.model.id,
    profile: device.profile.id,
    baud: device.wire.baud,
    link: device.wire.link.path,
    plugged: device.wire.isPlugged,
    host_open: device.wire.isHostOpen,
    frozen: device.wire.isFrozen,
    card_in_field: device.field.present !== undefined,
    finger_on_sensor: device.fingers.present !== undefined,
    touches_waiting: device.fingers.waiting,
    swipes_waiting: device.field.waiting,
    lights: { ...device.lights },
    beeps: device.beeps,
    commands_refused: device.refusals,
    bytes_out: counters.bytesOut,
    bytes_lost: counters.bytesLost,
    bytes_in: counters.bytesIn,
    frames_sent: counters.framesSent,
  };
}
