/* SPDX-License-Identifier: Apache-2.0
 * What Swift cannot call by itself: variadic functions, ioctl numbers, statx.
 * Every function returns what the system call returns, with errno set by it. */
#ifndef STORAGE_SHIM_H
#define STORAGE_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "transfer_shim.h"

struct shim_status {
  uint32_t mode, uid, gid, nlink, dev_major, dev_minor, rdev_major, rdev_minor;
  uint64_t size, blocks, inode;
  int64_t atime, mtime, ctime, btime;
  uint32_t atime_nsec, mtime_nsec, ctime_nsec, btime_nsec;
  int has_btime;
  int is_mount_root; /* -1 where the kernel does not say */
  uint64_t mount;    /* the ID of /proc/self/mountinfo; 0 where the kernel does not say */
};

/* Bits of the third argument of shim_status. CACHED: what this machine knows will do, no server is asked. */
enum { SHIM_FOLLOW = 1, SHIM_CACHED = 2 };

/* statx(2): fd and name as fstatat; how is of the bits above; empty name means fd itself. */
int shim_status(int fd, const char *name, int how, struct shim_status *out);
/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS. */
int shim_open_beneath(int fd, const char *name, int flags, mode_t mode);
/* openat2(2) of a path that may lead anywhere, but through no symbolic link: ELOOP where there is one. */
int shim_open_without_links(const char *path, int flags);
int shim_open(int fd, const char *name, int flags, mode_t mode);
/* renameat2(2); exclusive = RENAME_NOREPLACE. */
int shim_rename(int from, const char *name, int to, const char *new_name, int exclusive);
/* Gives an open file a name, also one of O_TMPFILE: by the descriptor, or by /proc/self/fd without privilege. */
int shim_link_descriptor(int fd, int to, const char *name);
/* ioctl FICLONE of <linux/fs.h>. */
int shim_clone(int to, int from);
int shim_punch_hole(int fd, int64_t offset, int64_t length);
/* 0: a lease (exclusive: F_WRLCK, else F_RDLCK) could be taken and was given back at once. */
int shim_probe_lease(int fd, int exclusive);
/* fcntl(2) F_SETLEASE: takes a read lease, or gives it back. */
int shim_set_lease(int fd, int held);
/* fcntl(2) F_GETLEASE: whether a read lease is gone, or somebody waits for that: 1, 0, or -1. */
int shim_lease_is_breaking(int fd);
/* Whether somebody holds an OFD lock that collides with a write lock on that byte: 1, 0, or -1. */
int shim_byte_is_locked(int fd, off_t offset);
/* Inode flags of <linux/fs.h>, FS_IOC_GETFLAGS and FS_IOC_SETFLAGS. */
int shim_get_inode_flags(int fd, unsigned int *flags);
int shim_set_inode_flags(int fd, unsigned int flags);
unsigned int shim_nocow_flag(void);
/* lseek(2) with SEEK_DATA or SEEK_HOLE. */
int64_t shim_seek_data(int fd, int64_t offset);
int64_t shim_seek_hole(int fd, int64_t offset);
/* sync_file_range(2) with SYNC_FILE_RANGE_WRITE: begins writing, does not wait. */
int shim_start_writeback(int fd, int64_t offset, int64_t count);
int shim_get_label(int fd, char *label, size_t size);
int shim_set_label(int fd, const char *label, size_t size);
/* getxattr(2) of an open file, by /proc/self/fd where it is open with O_PATH only. */
int shim_get_attribute(int fd, const char *name, void *value, size_t size);
int shim_set_attribute(int fd, const char *name, const void *value, size_t size);
/* statfs(2): the magic number of the file system. */
int shim_file_system_magic(int fd, uint64_t *magic);
/* ioctl LOOP_SET_CAPACITY of <linux/loop.h>. */
int shim_refresh_loop_size(int fd);
/* ioctl BLKGETSIZE64 of <linux/fs.h>. */
int shim_block_device_size(int fd, uint64_t *size);
/* ioctls BLKSSZGET and BLKPBSZGET of <linux/fs.h>: bytes of a logical and of a physical sector. */
int shim_block_sector_sizes(int fd, int *logical, unsigned *physical);
/* ioctl BLKROGET: whether a block device is read-only. */
int shim_block_is_read_only(int fd, int *read_only);
/* ioctl BLKDISCARD: gives a part of a block device back; what it reads as is not said. */
int shim_block_discard(int fd, uint64_t start, uint64_t length);
/* ioctl BLKFLSBUF: writes out and drops what is cached of a block device. */
int shim_block_flush(int fd);
/* ioctl BLKZNAME of OpenZFS: the name of the dataset whose device this is; fails on all others. */
int shim_zvol_name(int fd, char name[257]);
/* flock(2): 0, or -1 where somebody else holds the lock. */
int shim_flock(int fd, int exclusive);
/* mknodat(2) of a block device. */
int shim_make_block_node(int folder, const char *name, mode_t mode, unsigned major, unsigned minor);
/* ioctl BLKPG of <linux/blkpg.h>: tells the kernel of one partition, start and length in bytes. */
int shim_partition_add(int fd, int number, int64_t start, int64_t length);
int shim_partition_remove(int fd, int number);
int shim_partition_resize(int fd, int number, int64_t start, int64_t length);
/* ioctl TIOCGWINSZ: columns of the terminal, or -1. */
int shim_terminal_columns(int fd);

/* From here on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process; the second of a kind ends it. */
void shim_catch_stop_signals(void);
/* The number of the signal that was noted last; 0 while there was none. */
int shim_stop_signal(void);
/* From here on only a signal that this process sends is noted. */
void shim_heed_signals_of(pid_t process);
/* Ends the process by a signal's default action. */
void shim_end_by(int signal);

/* While `leave` is not 0, SIGINT and SIGQUIT are ignored: they are for a program in the foreground. */
void shim_leave_keyboard_signals(int leave);

/* landlock(7): a descriptor of rules by which a program reads its libraries, opens the files behind the descriptors
 * in `kept` as these were opened, and neither opens nor makes nor removes any other file, nor connects to a server.
 * -1 with ENOSYS or EOPNOTSUPP where the kernel has no such thing. */
int shim_confinement(const char *program, const int *kept, int kept_count);
/* Puts the calling thread under rules of shim_confinement, none where that is -1; async-signal-safe. */
int shim_obey(int ruleset);

/* fork(2) and execve(2). The child gets io as its descriptors 0 to 2, keeps those in
 * `kept` under their own numbers, has file mode mask 077 and no blocked or ignored signals, obeys `ruleset` as of
 * shim_obey, leads a process group of its own where asked to, and is killed when the thread that made it ends. */
pid_t shim_spawn(
    const char *path, char *const argv[], char *const envp[], const int io[3], const int *kept,
    int kept_count, int ruleset, int leads_group);
/* The same of a program that leads a process group of its own and gets io as its descriptors 0 to 3. */
pid_t shim_spawn_driver(
    const char *path, char *const argv[], char *const envp[], const int io[4]);
/* Sends one datagram to the socket of that path, without waiting. Returns 0, or -1 and errno. */
int shim_send_datagram(const char *path, const void *bytes, size_t size);

/* socketpair(2): two ends of a stream, with O_CLOEXEC. */
int shim_socket_pair(int ends[2]);
/* sendmsg(2) with SCM_RIGHTS, unix(7): bytes, and descriptors with the first of them; never SIGPIPE. */
ssize_t shim_send(int socket, const void *bytes, size_t size, const int *descriptors, int count);
/* The most descriptors that come with one shim_receive; the kernel closes what is beyond. */
enum { SHIM_MOST_DESCRIPTORS = 8 };
/* recvmsg(2), without waiting: bytes, and the descriptors that came with them, with O_CLOEXEC. */
ssize_t shim_receive(int socket, void *bytes, size_t size, int *descriptors, int *count);
/* pipe2(2) with O_CLOEXEC. */
int shim_pipe(int ends[2]);
/* fork(2) of a process with one thread. The child leads a process group of its own, has `output` as its standard
 * output and error, keeps those in `kept` for programs that it starts, does the work, writes what that returns to
 * `result` as an int, and ends. It is killed when the thread that made it ends. */
pid_t shim_fork_work(
    int (*work)(void *), void *context, int output, int result, const int *kept, int kept_count);
/* kill(2): ends the leader of a process group and all in it. */
int shim_kill_group(pid_t leader);
/* Looks at a folder in ways that the server or the device behind it has to answer. Returns 0 or an errno. */
int shim_ask_folder(const char *path);
/* As fork(2), of a process with one thread: the child is asked to stop when its parent ends. */
pid_t shim_fork_command(void);

/* As fork(2), with one table of descriptors for both: the child goes on with the work and ends with its parent, which
 * is to call shim_watch_worker and to open and close nothing meanwhile. */
pid_t shim_fork_worker(void);
/* Waits for the worker's end, passes signals on to it, and has the folder asked every `interval` seconds, unless it is
 * told otherwise. Returns 1 with the worker's status, as of waitpid(2), or 0 where a question was not answered for
 * `limit` seconds, and the worker goes on; -1 the same, after it was told to ask again. */
int shim_watch_worker(pid_t worker, const char *folder, double interval, double limit, int *status);
/* Kills the worker. When this process has ended, too, nothing stays open but what is on the device of these numbers,
 * even if the worker waits for the server in the kernel: no lock, no pipe that somebody waits to be closed. */
void shim_abandon_worker(pid_t worker, unsigned major, unsigned minor);
/* Tells a process in shim_watch_worker whether to ask. */
void shim_tell_watcher(pid_t watcher, int is_asking);
/* Takes an OFD lock on one byte, fcntl(2), for writing or reading, without waiting. */
int shim_lock_byte(int fd, off_t offset, int exclusive);
/* ioctl TIOCGWINSZ, ioctl_tty(2): columns of a terminal's window; 0 where it does not say, or -1. */
int shim_window_columns(int fd);
/* wcwidth(3) in the locale of the thread: -1 for what cannot be printed. */
int shim_character_columns(uint32_t character);
int shim_unlock_byte(int fd, off_t offset);

/* memfd_create(2): a file in memory that can be sealed, for its owner alone. */
int shim_memory_file(const char *name);
/* fcntl(2) F_ADD_SEALS: from now on it cannot be changed. */
int shim_seal_memory_file(int fd);

extern const int shim_o_tmpfile;
extern const int shim_o_path;

/* The words that the program was started with, the first of them its own name. */
int shim_argument_count(void);
const char *shim_argument(int index);
/* Gives the signals of a crash back to the kernel (signal(7)). The Swift runtime answers them by starting a program,
 * which it looks for beside the one that runs: of one found through PATH, in the current folder. */
void shim_default_crashes(void);

#endif
