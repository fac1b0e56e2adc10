// The calls of the MFRC522 library that the reference sketch makes, with a card that the test holds in front of it.
#pragma once
#include "Arduino.h"

struct MFRC522 {
  enum StatusCode : byte { STATUS_OK, STATUS_TIMEOUT };
  struct Uid {
    byte size;
    byte uidByte[10];
    byte sak;
  } uid = {};
  static Uid field;

  MFRC522(byte, byte) {}
  void PCD_Init() {}
  StatusCode PICC_WakeupA(byte *, byte *) { return field.size > 0 ? STATUS_OK : STATUS_TIMEOUT; }
  bool PICC_ReadCardSerial() {
    uid = field;
    return true;
  }
  StatusCode PICC_HaltA() { return STATUS_OK; }
};
