/* Reads the DESFire of the simulated PN532 with libfreefare: another implementation of the same cryptography. */
#include <freefare.h>
#include <nfc/nfc.h>
#include <stdio.h>

static void read_file(MifareTag tag, uint8_t file) {
  char content[64] = {0};
  struct mifare_desfire_file_settings settings;
  if (mifare_desfire_get_file_settings(tag, file, &settings) < 0) return;
  if (mifare_desfire_read_data(tag, file, 0, 16, content) != 16) return;
  printf("file %d, communication %d: %.16s\n", file, settings.communication_settings, content);
}

int main(void) {
  nfc_context *context;
  nfc_init(&context);
  nfc_device *device = nfc_open(context, NULL);
  if (device == NULL) return 1;
  MifareTag *tags = freefare_get_tags(device);
  if (tags == NULL || tags[0] == NULL || freefare_get_tag_type(tags[0]) != DESFIRE) return 2;
  MifareTag tag = tags[0];
  uint8_t zeros[16] = {0};
  if (mifare_desfire_connect(tag) < 0) return 3;
  if (mifare_desfire_select_application(tag, mifare_desfire_aid_new(0xA1B2C3)) < 0) return 4;
  if (mifare_desfire_authenticate(tag, 0, mifare_desfire_aes_key_new(zeros)) < 0) return 5;
  printf("authenticated\n");
  read_file(tag, 1);
  read_file(tag, 2);
  char *uid = NULL;
  if (mifare_desfire_get_card_uid(tag, &uid) == 0) printf("uid %s\n", uid);
  mifare_desfire_disconnect(tag);
  nfc_close(device);
  nfc_exit(context);
  return 0;
}
