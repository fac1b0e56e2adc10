import { expect, it } from 'vitest';
import { unpackImage } from './image.js';

const product = {
  model: 'FPM-R503',
  batch: '2106',
  serial: '00000042',
  sensor: 'GR192RGB',
  width: 192,
  height: 192,
  templateBytes: 1_536,
};

it('takes the high half of a byte for the left pixel, and scales 15 to 255', () => {
  const packed = new Uint8Array(18_432);
  packed[0] = 0xf1;
  const { width, height, dpi, pixels } = unpackImage(packed, product);
  expect([width, height, dpi]).toEqual([192, 192, 508]);
  expect([...pixels.subarray(0, 3)]).toEqual([255, 17, 0]);
});

it('knows the optical sensors by the number of bytes', () => {
  expect(unpackImage(new Uint8Array(36_864), undefined)).toMatchObject({ width: 256, height: 288, dpi: 500 });
});

it('refuses an image that is not whole', () => {
  expect(() => unpackImage(new Uint8Array(18_431), product)).toThrow('IMAGE_INVALID');
});
