// Runs the reference sketch: one order a line on standard input, what the board prints and does on standard output.
//   card <hex> | gone | low <pin> | open <pin> | ms <n> | host <text>
#include "Arduino.h"
#include "MFRC522.h"
#include SKETCH

SerialPort Serial;
MFRC522::Uid MFRC522::field = {};
static unsigned long nowMs = 0;

unsigned long millis() { return nowMs; }
void pinMode(uint8_t, int) {}
void digitalWrite(uint8_t pin, int value) {
  static int pins[64] = {};
  if (pins[pin] == value) return;
  pins[pin] = value;
  printf("#pin %d %d %lu\n", pin, value, nowMs);
}

static bool isLow[64] = {};
int digitalRead(uint8_t pin) { return isLow[pin] ? LOW : HIGH; }

int main() {
  setup();
  char line[256];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "card ", 5) == 0) {
      MFRC522::field.size = (byte)(strlen(line + 5) / 2);
      for (byte at = 0; at < MFRC522::field.size; at++) {
        unsigned int value = 0;
        sscanf(line + 5 + 2 * at, "%2x", &value);
        MFRC522::field.uidByte[at] = (byte)value;
      }
    } else if (strcmp(line, "gone") == 0) {
      MFRC522::field.size = 0;
    } else if (strncmp(line, "low ", 4) == 0 || strncmp(line, "open ", 5) == 0) {
      unsigned int pin = 0;
      sscanf(strchr(line, ' '), "%u", &pin);
      if (pin < sizeof isLow) isLow[pin] = line[0] == 'l';
    } else if (strncmp(line, "host ", 5) == 0) {
      Serial.received += std::string(line + 5) + "\n";
    } else if (strncmp(line, "ms ", 3) == 0) {
      unsigned long until = 0;
      sscanf(line + 3, "%lu", &until);
      for (until += nowMs; nowMs < until; nowMs++) loop();
    }
    loop();
  }
  return 0;
}
