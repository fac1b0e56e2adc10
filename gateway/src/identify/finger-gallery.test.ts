import { expect, it } from 'vitest';
import { storeFixture } from '../store/store.fixture.js';
import { RosterGallery } from './finger-gallery.js';
import { createTemplateSeal } from './template-seal.js';
import { TemplateStore } from './template-store.js';

const ID = '0190a000-0000-7000-8000-000000000001';
const OTHER = '0190a000-0000-7000-8000-000000000002';

function fixture(templateIds: string[], version = 1) {
  const store = new TemplateStore(storeFixture().store.db);
  const seal = createTemplateSeal(Buffer.alloc(32, 7));
  const put = (template_id: string, format: string): void => {
    const place = { template_id, student_ref: 's1', finger_position: 1, format };
    store.put([{ ...place, sealed: seal.seal(Buffer.from('record'), place).toString('base64') }]);
  };
  return { store, seal, put, gallery: new RosterGallery({ store, seal, roster: { version, templateIds } }) };
}

it('is what the roster lists and has come, of the format that the module understands', () => {
  const { gallery, put } = fixture([ID, OTHER]);
  put(ID, 'ef01-0009-512');
  expect(gallery.allowed()).toEqual(new Set([ID, OTHER]));
  expect(gallery.entries('ef01-0009-512')).toEqual([{ templateId: ID, studentRef: 's1' }]);
  expect(gallery.entries('gt521f52-498')).toEqual([]);
  expect(Buffer.from(gallery.read(ID)).toString()).toBe('record');
  expect(() => gallery.read(OTHER)).toThrow('TEMPLATE_INVALID');
});

it('has a withdrawn template no more before the roster without it is in force', () => {
  const { gallery, put, store } = fixture([ID]);
  put(ID, 'ef01-0009-512');
  expect([gallery.has(ID), gallery.has(OTHER)]).toEqual([true, false]);
  expect([gallery.positionOf(ID), gallery.positionOf(OTHER)]).toEqual([1, undefined]);
  store.keepOnly(new Set());
  expect([gallery.has(ID), gallery.allowed()?.has(ID)]).toEqual([false, true]);
});

it('is not known without a roster, and without the key to it', () => {
  const { store, gallery } = fixture([], 0);
  expect(gallery.allowed()).toBeUndefined();
  const keyless = new RosterGallery({ store, seal: undefined, roster: { version: 1, templateIds: [ID] } });
  expect(keyless.allowed()).toBeUndefined();
});
