// Reference sketch for the line format of Rollcall (docs/readers/line.md): a card reader of an Arduino or ESP32 and an
// MFRC522, with two lights and a beeper, and, where there is one, the liveness output of a finger sensor. License: Apache-2.0. Library: MFRC522 by miguelbalboa.
//
// It says HELLO after booting and when asked, CARD when a card comes, GONE when it leaves, FINGER,FAKE when the sensor takes
// a finger for none, HB every ten seconds, and obeys LED and BUZ. Every line ends with * and the XOR of all its bytes; a command whose XOR is wrong is answered with ERR.

#include <SPI.h>
#include <MFRC522.h>

const uint8_t PIN_SELECT = 10;  // SDA of the MFRC522; 5 on most ESP32 boards
const uint8_t PIN_RESET = 9;    // RST; 27 on most ESP32 boards
const uint8_t PIN_GREEN = 6;
const uint8_t PIN_RED = 7;
const uint8_t PIN_BUZZER = 8;
const uint8_t PIN_FAKE = 4;     // to ground while a finger sensor finds that what lies on it does not live; else open

const unsigned long HEARTBEAT_MS = 10000;
const unsigned long LOOK_EVERY_MS = 100;
const uint8_t MISSES_MAX = 3;
const uint8_t FAKE_LOOKS = 2;  // a glitch on the wire is shorter
const uint8_t COMMAND_CHARACTERS_MAX = 40;
const unsigned long LIGHT_MS_MAX = 60000;
const uint8_t BEEPS_MAX = 20;
const uint8_t UID_CHARACTERS_MAX = 20;

MFRC522 reader(PIN_SELECT, PIN_RESET);

char presentUid[UID_CHARACTERS_MAX + 1] = "";
unsigned long readNumber = 0;
uint8_t misses = 0;
unsigned long fakeNumber = 0;
uint8_t fakeLooks = 0;
unsigned long lookedMs = 0;
unsigned long heartbeatMs = 0;

char command[COMMAND_CHARACTERS_MAX + 1];
uint8_t commandLength = 0;
bool isCommandTooLong = false;

unsigned long lightSinceMs = 0;
unsigned long lightForMs = 0;
unsigned long beepSinceMs = 0;
unsigned long beepForMs = 0;
uint16_t beepsLeft = 0;

uint8_t checksumOf(const char *text) {
  uint8_t value = 0;
  while (*text != 0) value ^= (uint8_t)*text++;
  return value;
}

void say(const char *fields) {
  char ending[5];
  snprintf(ending, sizeof ending, "*%02X\n", checksumOf(fields));
  Serial.print(fields);
  Serial.print(ending);
}

void sayHello() {
  say("HELLO,rollcall-line,1.0,0001");
}

void sayCard(const char *name, const char *technology) {
  char line[64];
  if (technology != NULL) {
    snprintf(line, sizeof line, "%s,%s,%s,%06lu", name, presentUid, technology, readNumber);
  } else {
    snprintf(line, sizeof line, "%s,%s,%06lu", name, presentUid, readNumber);
  }
  say(line);
}

void sayFake() {
  char line[32];
  snprintf(line, sizeof line, "FINGER,FAKE,%06lu", fakeNumber);
  say(line);
}

void sayHeartbeat() {
  char line[24];
  snprintf(line, sizeof line, "HB,%06lu", millis() / 1000);
  say(line);
}

void sayError(const char *code, const char *text) {
  char line[64];
  snprintf(line, sizeof line, "ERR,%s,%s", code, text);
  say(line);
}

void setup() {
  Serial.begin(115200);
  pinMode(PIN_GREEN, OUTPUT);
  pinMode(PIN_RED, OUTPUT);
  pinMode(PIN_BUZZER, OUTPUT);
  pinMode(PIN_FAKE, INPUT_PULLUP);
  SPI.begin();
  reader.PCD_Init();
  // Ends whatever the boot loader had begun.
  Serial.print("\n");
  sayHello();
}

// Looks for a card, also for one that was read and put to sleep. True when one answered, its number in the reader.
bool findCard() {
  byte answer[2];
  byte size = sizeof answer;
  if (reader.PICC_WakeupA(answer, &size) != MFRC522::STATUS_OK) return false;
  bool isRead = reader.PICC_ReadCardSerial();
  reader.PICC_HaltA();
  return isRead;
}

void look() {
  if (!findCard()) {
    if (presentUid[0] == 0 || ++misses < MISSES_MAX) return;
    sayCard("GONE", NULL);
    presentUid[0] = 0;
    return;
  }
  misses = 0;
  char uid[UID_CHARACTERS_MAX + 1] = "";
  // Two digits for every byte: without the 0 in front two different cards can look the same.
  for (uint8_t at = 0; at < reader.uid.size && at < UID_CHARACTERS_MAX / 2; at++) {
    snprintf(uid + 2 * at, 3, "%02X", reader.uid.uidByte[at]);
  }
  if (strcmp(uid, presentUid) == 0) return;
  if (presentUid[0] != 0) sayCard("GONE", NULL);
  strcpy(presentUid, uid);
  readNumber++;
  sayCard("CARD", "A");
}

// Each finger is told once, for as long as it lies there.
void lookForFake() {
  if (digitalRead(PIN_FAKE) != LOW) {
    fakeLooks = 0;
  } else if (fakeLooks < FAKE_LOOKS && ++fakeLooks == FAKE_LOOKS) {
    fakeNumber++;
    sayFake();
  }
}

void light(unsigned long number, unsigned long ms) {
  digitalWrite(PIN_GREEN, number == 1 || number == 2 ? HIGH : LOW);
  digitalWrite(PIN_RED, number == 3 || number == 2 ? HIGH : LOW);
  lightSinceMs = millis();
  lightForMs = ms;
}

void beep(unsigned long count, unsigned long ms) {
  // On and off in turn; the last pause is left out.
  beepsLeft = 2 * count - 1;
  beepForMs = ms;
  beepSinceMs = millis();
  digitalWrite(PIN_BUZZER, HIGH);
}

void endSignals() {
  if (lightForMs > 0 && millis() - lightSinceMs >= lightForMs) light(0, 0);
  if (beepsLeft > 0 && millis() - beepSinceMs >= beepForMs) {
    beepSinceMs = millis();
    beepsLeft--;
    digitalWrite(PIN_BUZZER, beepsLeft % 2 == 1 ? HIGH : LOW);
  }
}

void execute(const char *fields) {
  unsigned long number = 0;
  unsigned long ms = 0;
  char rest = 0;
  if (strcmp(fields, "?HELLO") == 0) {
    sayHello();
  } else if (strcmp(fields, "?STAT") == 0) {
    sayHeartbeat();
  } else if (sscanf(fields, "LED,%lu,%lu%c", &number, &ms, &rest) == 2) {
    if (number <= 3 && ms <= LIGHT_MS_MAX) light(number, ms);
    else sayError("VALUE", "LED takes 0 to 3 and milliseconds");
  } else if (sscanf(fields, "BUZ,%lu,%lu%c", &number, &ms, &rest) == 2) {
    if (number == 0) return;
    if (number <= BEEPS_MAX && ms <= LIGHT_MS_MAX) beep(number, ms);
    else sayError("VALUE", "BUZ takes up to 20 beeps and milliseconds");
  } else {
    sayError("COMMAND", "unknown command");
  }
}

void onCommandLine() {
  command[commandLength] = 0;
  char *star = strrchr(command, '*');
  unsigned int given = 0;
  bool isWhole = !isCommandTooLong && star != NULL && strlen(star) == 3 && sscanf(star + 1, "%2X", &given) == 1;
  if (isWhole) {
    *star = 0;
    isWhole = checksumOf(command) == given;
  }
  if (isWhole) execute(command);
  else sayError("CHECKSUM", "missing or wrong checksum");
}

void listen() {
  while (Serial.available() > 0) {
    char character = Serial.read();
    if (character == '\r') continue;
    if (character != '\n') {
      if (commandLength < COMMAND_CHARACTERS_MAX) command[commandLength++] = character;
      else isCommandTooLong = true;
      continue;
    }
    if (commandLength > 0) onCommandLine();
    commandLength = 0;
    isCommandTooLong = false;
  }
}

void loop() {
  listen();
  endSignals();
  if (millis() - lookedMs >= LOOK_EVERY_MS) {
    lookedMs = millis();
    look();
    lookForFake();
  }
  if (millis() - heartbeatMs >= HEARTBEAT_MS) {
    heartbeatMs = millis();
    sayHeartbeat();
  }
}
