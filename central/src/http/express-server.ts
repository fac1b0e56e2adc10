import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Express } from 'express';

type Construct = (this: unknown, ...parameters: unknown[]) => void;

/**
 * The HTTP server of an Express application, whose requests and answers are born with the prototypes that Express gives
 * them. Express changes the prototype of each that it gets; to V8 it is then an object like no other, and every access to
 * it takes the slow way: half of the processor time of a short request (ADR 64). What has the right prototype
 * already is left as it is.
 */
export function createExpressServer(app: Express): Server {
  return createServer(
    {
      IncomingMessage: bornWith(app.request, IncomingMessage) as typeof IncomingMessage,
      ServerResponse: bornWith(app.response, ServerResponse) as unknown as typeof ServerResponse,
    },
    app,
  );
}

/** Node's constructors are functions, which make of `this` what they are called with. */
function bornWith(prototype: object, construct: unknown): unknown {
  function Born(this: unknown, ...parameters: unknown[]): void {
    (construct as Construct).apply(this, parameters);
  }
  Born.prototype = prototype;
  return Born;
}
