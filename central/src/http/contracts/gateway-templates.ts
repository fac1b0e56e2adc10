import { gatewayIdSchema } from '@rollcall/protocol/ids';
import { sealedTemplateSchema } from '@rollcall/protocol/template-transfer';
import * as z from 'zod';

export const gatewayTemplatesParams = z.strictObject({ id: gatewayIdSchema });
export const gatewayTemplateParams = z.strictObject({ id: gatewayIdSchema, template: z.guid() });

export const templateUploadBody = sealedTemplateSchema.omit({ template_id: true }).extend({
  quality_score: z.number().min(0).max(1).nullable().describe('null: the module does not tell it'),
  enrollment: z.guid().describe('The live enrollment that took it'),
});
export const templateStoredSchema = z.strictObject({
  template_id: z.guid(),
  replaces: z.guid().nullable().describe('The template of this finger that was destroyed for it'),
});
