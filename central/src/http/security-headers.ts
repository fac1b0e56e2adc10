import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** One year (domain A9). */
const HSTS_SECONDS = 365 * 86_400;

/**
 * What helmet says to browsers. It says the same in every answer, so that it is asked once: its thirteen functions, one
 * calling the next, were a sixteenth of central's part of a scan.
 */
export function securityHeaders(isHttps: boolean): RequestHandler {
  const answer = new ServerResponse(new IncomingMessage(new Socket()));
  const say = helmetFor(isHttps);
  say(answer.req, answer, (problem) => {
    if (problem !== undefined) throw problem;
  });
  const headers = Object.entries(answer.getHeaders()).map(([name, value]) => [name, String(value)] as const);
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/** Mantine writes style elements as it goes; scripts come from files only. */
const helmetFor = (isHttps: boolean) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // On plain HTTP, promising HTTPS would lock the browser out of every service of this name.
    strictTransportSecurity: isHttps ? { maxAge: HSTS_SECONDS } : false,
  });
