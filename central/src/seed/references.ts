/** The parts of a campus file that name each other; the shapes are checked before. */
interface Referring {
  buildings: { id: string; rooms: { id: string }[] }[];
  gateways: { id: string; building: string; public_key?: string | undefined }[];
  devices: { id: string; gateway: string; room?: string | undefined }[];
  academic_period: { starts_on: string; ends_on: string };
  departments: { id: string }[];
  courses: { code: string; department?: string | undefined }[];
  faculty: { code: string; department?: string | undefined }[];
  sections: { id: string; parent?: string | undefined; department?: string | undefined }[];
  students: { roll_number: string; section: string; groups: string[]; cards: string[] }[];
  accounts: {
    login: string;
    student?: string | undefined;
    faculty?: string | undefined;
    roles: { department?: string | undefined; section?: string | undefined }[];
  }[];
  timetable: {
    id: string;
    section: string;
    course: string;
    faculty: string;
    room: string;
    start: string;
    end: string;
    more_sections: string[];
    more_rooms: string[];
  }[];
}

export interface BrokenReference {
  path: (string | number)[];
  message: string;
}

/** Names that point nowhere and names that stand twice, each with its place in the file. */
export function findBrokenReferences(file: Referring): BrokenReference[] {
  const broken: BrokenReference[] = [];
  const unique = (path: string, names: readonly string[], field: string, what: string): Set<string> => {
    const seen = new Set<string>();
    for (const [index, name] of names.entries()) {
      if (seen.has(name))
        broken.push({ path: [path, index, field], message: `${what} stands twice; keep one` });
      seen.add(name);
    }
    return seen;
  };
  const known = (
    path: string,
    field: string,
    names: readonly (string | undefined)[],
    all: Set<string>,
    where: string,
  ) => {
    for (const [index, name] of names.entries()) {
      if (name === undefined || all.has(name)) continue;
      broken.push({
        path: [path, index, field],
        message: `"${name}" is not in ${where}; add it there or correct it here`,
      });
    }
  };

  const { buildings, gateways, devices, courses, faculty, sections, students, timetable } = file;
  const pluck = <Row, Value>(rows: readonly Row[], pick: (row: Row) => Value): Value[] => rows.map(pick);
  const buildingIds = unique(
    'buildings',
    pluck(buildings, (row) => row.id),
    'id',
    'this building id',
  );
  const rooms = buildings.flatMap((building, index) =>
    building.rooms.map((room) => ({ id: room.id, index })),
  );
  const roomIds = new Set<string>();
  for (const { id, index } of rooms) {
    if (roomIds.has(id))
      broken.push({ path: ['buildings', index, 'rooms'], message: `room "${id}" stands twice; keep one` });
    roomIds.add(id);
  }
  const gatewayIds = unique(
    'gateways',
    pluck(gateways, (row) => row.id),
    'id',
    'this gateway id',
  );
  const keyed = gateways.map((row, index) => row.public_key ?? `none ${index}`);
  unique('gateways', keyed, 'public_key', 'the public key of this gateway');
  unique(
    'devices',
    pluck(devices, (row) => `${row.gateway}/${row.id}`),
    'id',
    'this device id of the gateway',
  );
  const courseCodes = unique(
    'courses',
    pluck(courses, (row) => row.code),
    'code',
    'this course code',
  );
  const facultyCodes = unique(
    'faculty',
    pluck(faculty, (row) => row.code),
    'code',
    'this faculty code',
  );
  const sectionIds = unique(
    'sections',
    pluck(sections, (row) => row.id),
    'id',
    'this section id',
  );
  unique(
    'students',
    pluck(students, (row) => row.roll_number),
    'roll_number',
    'this roll number',
  );
  unique(
    'timetable',
    pluck(timetable, (row) => row.id),
    'id',
    'this slot id',
  );

  known(
    'gateways',
    'building',
    pluck(gateways, (row) => row.building),
    buildingIds,
    'buildings',
  );
  known(
    'devices',
    'gateway',
    pluck(devices, (row) => row.gateway),
    gatewayIds,
    'gateways',
  );
  known(
    'devices',
    'room',
    pluck(devices, (row) => row.room),
    roomIds,
    'any building',
  );
  known(
    'students',
    'section',
    pluck(students, (row) => row.section),
    sectionIds,
    'sections',
  );
  known(
    'timetable',
    'section',
    pluck(timetable, (row) => row.section),
    sectionIds,
    'sections',
  );
  known(
    'timetable',
    'course',
    pluck(timetable, (row) => row.course),
    courseCodes,
    'courses',
  );
  known(
    'timetable',
    'faculty',
    pluck(timetable, (row) => row.faculty),
    facultyCodes,
    'faculty',
  );
  known(
    'timetable',
    'room',
    pluck(timetable, (row) => row.room),
    roomIds,
    'any building',
  );

  const departmentIds = unique(
    'departments',
    pluck(file.departments, (row) => row.id),
    'id',
    'this department id',
  );
  unique(
    'accounts',
    pluck(file.accounts, (row) => row.login.toLowerCase()),
    'login',
    'this login',
  );
  for (const path of ['courses', 'faculty', 'sections'] as const) {
    known(
      path,
      'department',
      file[path].map((row) => row.department),
      departmentIds,
      'departments',
    );
  }
  known(
    'sections',
    'parent',
    pluck(sections, (row) => row.parent),
    sectionIds,
    'sections',
  );
  for (const [index, { groups }] of students.entries()) {
    for (const group of groups.filter((one) => !sectionIds.has(one))) {
      const message = `"${group}" is not in sections; add it there or correct it here`;
      broken.push({ path: ['students', index, 'groups'], message });
    }
  }
  const rollNumbers = new Set(students.map((row) => row.roll_number));
  known(
    'accounts',
    'student',
    pluck(file.accounts, (row) => row.student),
    rollNumbers,
    'students',
  );
  known(
    'accounts',
    'faculty',
    pluck(file.accounts, (row) => row.faculty),
    facultyCodes,
    'faculty',
  );
  return [...broken, ...findSharedCards(students), ...findImpossibleTimes(file)];
}

/** The message does not repeat the card: numbers of cards do not belong in error texts. */
function findSharedCards(students: Referring['students']): BrokenReference[] {
  const owners = new Map<string, number>();
  const broken: BrokenReference[] = [];
  for (const [index, { cards }] of students.entries()) {
    for (const [position, card] of cards.entries()) {
      const owner = owners.get(card);
      if (owner !== undefined) {
        broken.push({
          path: ['students', index, 'cards', position],
          message: `students[${owner}] has this card too; a card belongs to one student`,
        });
      }
      owners.set(card, index);
    }
  }
  return broken;
}

function findImpossibleTimes({ academic_period, timetable }: Referring): BrokenReference[] {
  const broken: BrokenReference[] = [];
  if (academic_period.starts_on > academic_period.ends_on) {
    broken.push({ path: ['academic_period', 'ends_on'], message: 'must not be before starts_on' });
  }
  for (const [index, { start, end }] of timetable.entries()) {
    if (start === end) broken.push({ path: ['timetable', index, 'end'], message: 'must differ from start' });
  }
  return broken;
}
