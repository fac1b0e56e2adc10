import { RollcallError } from '@rollcall/protocol/errors';

/** Why nothing can listen on `name`, and what to do about it. */
export function cannotListen(name: string, cause: NodeJS.ErrnoException): RollcallError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new RollcallError(
        'PORT_BUSY',
        `Another program listens on ${name}; stop it, or write another port here and in the terminal`,
        { cause },
      );
    case 'EACCES':
      return new RollcallError(
        'PORT_DENIED',
        `This user may not listen on ${name}; use a port from 1024 on`,
        { cause },
      );
    default:
      return new RollcallError(
        'PORT_ABSENT',
        `Nothing can listen on ${name}; is that an address of this machine?`,
        { cause },
      );
  }
}
