import { Menu, Modal, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconKey, IconLogout } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { signOut, useAccount } from '../../api/account.js';
import { KEYS } from '../../api/keys.js';
import css from './AccountMenu.module.css';
import { PasswordForm } from './PasswordForm.js';

export function AccountMenu() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const account = useAccount();
  const [isChanging, changing] = useDisclosure(false);
  const leave = useMutation({
    mutationFn: signOut,
    // Nothing of one person may be left for the next one at the same screen.
    onSuccess: () => {
      client.setQueryData(KEYS.account, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEYS.account[0] });
    },
  });
  if (account == null) return null;
  const roles = [...new Set(account.roles.map(({ role }) => t(`role.${role}` as 'role.admin')))];
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <UnstyledButton
            className={css.button}
            aria-label={t('account.menu', { name: account.display_name })}
          >
            <span className={css.name}>{account.display_name}</span>
            <IconChevronDown size={16} aria-hidden="true" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{roles.join(' · ')}</Menu.Label>
          <Menu.Item leftSection={<IconKey size={18} aria-hidden="true" />} onClick={changing.open}>
            {t('account.changePassword')}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={18} aria-hidden="true" />} onClick={() => leave.mutate()}>
            {t('account.signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={isChanging}
        onClose={changing.close}
        title={t('account.changePassword')}
        closeButtonProps={{ 'aria-label': t('account.cancel') }}
      >
        <PasswordForm onSaved={changing.close} />
      </Modal>
    </>
  );
}
