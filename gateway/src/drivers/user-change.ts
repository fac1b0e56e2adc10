/** Who a terminal is to know, or not to know any more. Fields hold nothing that could end a line of a protocol. */
export type UserChange =
  | { action: 'put'; user: string; name: string }
  | { action: 'remove'; user: string }
  /** His fingers, palms and faces are deleted; cards and the log stay. */
  | { action: 'forget_biometrics'; user: string };
