// As much of the Arduino core as the reference sketch uses, on a clock that the test moves.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <string>

typedef uint8_t byte;
const int HIGH = 1, LOW = 0, OUTPUT = 1, INPUT_PULLUP = 2;

unsigned long millis();
void pinMode(uint8_t pin, int mode);
void digitalWrite(uint8_t pin, int value);
int digitalRead(uint8_t pin);

struct SerialPort {
  std::string received;
  void begin(unsigned long) {}
  int available() { return (int)received.size(); }
  int read() {
    int first = (unsigned char)received[0];
    received.erase(0, 1);
    return first;
  }
  void print(const char *text) { fputs(text, stdout); }
};
extern SerialPort Serial;
