import { useState } from 'react';
import type { Place } from '../../api/code.js';

const LOCATE_TIMEOUT_MS = 15_000;
/** Central takes nothing older than a minute. */
const AGE_MAX_MS = 30_000;

export type PlaceState =
  | { status: 'unasked' | 'locating' | 'unavailable'; place: null }
  | { status: 'located'; place: Place };

/** Asks for the place only when the student says so, and only once per scan. */
export function usePlace(): [PlaceState, () => void] {
  const [state, setState] = useState<PlaceState>({ status: 'unasked', place: null });
  function locate(): void {
    if (!('geolocation' in navigator)) {
      setState({ status: 'unavailable', place: null });
      return;
    }
    setState({ status: 'locating', place: null });
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) =>
        setState({
          status: 'located',
          place: {
            location_lat: coords.latitude,
            location_lng: coords.longitude,
            location_accuracy_m: coords.accuracy,
            location_at: new Date(timestamp).toISOString(),
          },
        }),
      () => setState({ status: 'unavailable', place: null }),
      { enableHighAccuracy: true, timeout: LOCATE_TIMEOUT_MS, maximumAge: AGE_MAX_MS },
    );
  }
  return [state, locate];
}
