export interface GalleryEntry {
  readonly templateId: string;
  readonly studentRef: string;
}

/** The templates that this gateway may hold, as opaque records. Where they come from is not this side's business. */
export interface FingerGallery {
  /**
   * Those of one format, in the order in which they are to have slots when there are too few; undefined while it is not
   * known yet what the gateway may hold, which is another thing than nothing.
   */
  entries(format: string): readonly GalleryEntry[] | undefined;
  /** @throws RollcallError `TEMPLATE_INVALID` for one that cannot be opened. */
  read(templateId: string): Promise<Uint8Array>;
}

/** Before central has handed out templates: no slot is touched and none is believed. */
export const unknownGallery: FingerGallery = {
  entries: () => undefined,
  read: (templateId) => Promise.reject(new Error(`no gallery holds ${templateId}`)),
};
