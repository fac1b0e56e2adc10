import { RollcallError } from '@rollcall/protocol/errors';

/** In the published document: a body has to have one of these names, or several that say the same. */
export const anyOfNames = (...names: string[]) => ({ anyOf: names.map((name) => ({ required: [name] })) });

/**
 * One value that a body may carry under our name or under the seed's (domain A5). Undefined where it has neither.
 *
 * @throws RollcallError `REQUEST_INVALID` where two names are given that contradict each other
 */
export function aliased<Body extends object, Name extends keyof Body & string>(
  body: Body,
  ...names: Name[]
): Exclude<Body[Name], undefined> | undefined {
  const given = names.filter((name) => body[name] !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return undefined;
  const odd = others.find((name) => plain(body[name]) !== plain(body[first]));
  if (odd === undefined) return body[first] as Exclude<Body[Name], undefined>;
  throw new RollcallError(
    'REQUEST_INVALID',
    `${odd}: contradicts ${first}; both name the same thing, so leave one of them out (in the body of the request)`,
  );
}

/** As `aliased`, of what a body must have. @throws RollcallError `REQUEST_INVALID` also where it is missing */
export function requiredAlias<Body extends object, Name extends keyof Body & string>(
  body: Body,
  ...names: Name[]
): Exclude<Body[Name], undefined> {
  const value = aliased(body, ...names);
  if (value !== undefined) return value;
  throw new RollcallError(
    'REQUEST_INVALID',
    `${names[0]}: is missing (in the body of the request); ${names.slice(1).join(' or ')} means the same`,
  );
}

/** Ids are the same in capitals. */
const plain = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);
