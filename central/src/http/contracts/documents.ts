import * as z from 'zod';
import { DOCUMENT_BASE64_MAX } from '../../privacy/document.js';

/** A name to show, never a path. */
const fileName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^/\\\p{Cc}]+$/u, 'must be a file name without a path');

export const documentBody = z.strictObject({
  name: fileName,
  // A pattern and not a format: OpenAPI 3.0 knows no content encoding.
  content_base64: z
    .string()
    .min(8)
    .max(DOCUMENT_BASE64_MAX)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64')
    .describe('A PDF, PNG or JPEG in base64'),
});

export const documentSchema = z.strictObject({
  name: z.string(),
  media_type: z.string(),
  content_base64: z.string(),
});

export const documentInfo = z.strictObject({ name: z.string(), media_type: z.string() });
