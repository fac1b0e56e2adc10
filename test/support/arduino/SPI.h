#pragma once
#include "Arduino.h"
struct SpiBus { void begin() {} };
static SpiBus SPI;
