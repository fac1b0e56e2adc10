import { Conditions } from '../conditions.js';
import { type GalleryItem, galleriesQuery, gallerySchema } from '../contracts/enrollments.js';
import { API } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { defineRoute } from '../route.js';

export const listGalleries = defineRoute(
  {
    method: 'get',
    path: `${API}/galleries/`,
    operationId: 'listGalleries',
    tag: 'Consent and templates',
    summary:
      'Which gateway holds how many fingerprint templates, of which roster, and what it has still to delete',
    access: 'galleries.read',
    query: galleriesQuery,
    reply: { schema: pageOf(gallerySchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions();
    const position = decodeCursor(query.cursor, [shortText]);
    if (position !== undefined) conditions.add('g.id > ?', ...position);
    const { rows } = await db.knex.raw<{ rows: GalleryItem[] }>(
      `SELECT g.id AS gateway, g.building_id AS building, g.revoked_at IS NOT NULL AS is_revoked, g.roster_version,
         coalesce((SELECT max(r.version) FROM gateway_roster r WHERE r.gateway_id = g.id), 0) AS newest_roster_version,
         (g.health->>'templates_version')::bigint AS templates_version, d.held, d.on_the_way, d.to_remove
       FROM gateway g, LATERAL (
         SELECT count(*) FILTER (WHERE t.state = 'acked')::int AS held,
           count(*) FILTER (WHERE t.state = 'pushed')::int AS on_the_way,
           count(*) FILTER (WHERE t.state = 'removing')::int AS to_remove
         FROM template_deployment t WHERE t.gateway_id = g.id) d
       WHERE ${conditions.where} ORDER BY g.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: (row) => row, position: ({ gateway }) => [gateway] }),
    };
  },
);
