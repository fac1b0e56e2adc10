import * as z from 'zod';
import { defineFault } from './fault.js';
import { terminalOf } from './terminal-of.js';

/** Somebody has reset it in its menu. */
export const forgetPeople = defineFault({
  id: 'forget-people',
  title: 'deletes all users and fingers of a terminal, as a reset does',
  options: z.strictObject({}),
  positional: [],
  inflict(device) {
    terminalOf(device).people.forget();
  },
});
