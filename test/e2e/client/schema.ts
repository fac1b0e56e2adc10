/**
 * Stands in for the types that openapi-typescript makes of a running central's document: the test puts those in
 * the place of this file before it checks the calls beside it.
 */
// biome-ignore lint/suspicious/noExplicitAny: without the document nothing is known of it
export type paths = any;
