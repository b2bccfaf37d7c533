/*
 * System calls that a container might try against its host, by name: `attack NAME...`. Prints one line for each: the name,
 * and `done` or the name of the error. None of them would change anything if it succeeded: arguments are empty, wrong, or
 * concern what belongs to the container alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char page[4096];

static long device(int type, int major_number, int minor_number)
{
	const char *path = "/tmp/attack-device";
	unlink(path);
	if (mknod(path, type | 0600, makedev(major_number, minor_number)) < 0)
		return -1;
	int fd = open(path, O_RDWR | O_NONBLOCK);
	int reason = errno;
	unlink(path);
	errno = reason;
	return fd;
}

/* In a child, so that a success has no effect on the attacks that follow. */
static long in_child(long (*run)(void))
{
	pid_t child = fork();
	int status;
	if (child == 0)
		_exit(run() < 0 ? errno : 0);
	waitpid(child, &status, 0);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static long unshare_flags;
static long do_unshare(void) { return unshare(unshare_flags); }
static long in_unshare(long flags) { unshare_flags = flags; return in_child(do_unshare); }

static long do_setns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);
	return fd < 0 ? -1 : setns(fd, 0);
}

static long do_clone(void) { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }
static long do_clone3(void)
{
	uint64_t arguments[11] = { CLONE_NEWUSER };
	arguments[4] = SIGCHLD;
	long child = syscall(SYS_clone3, arguments, sizeof arguments);
	if (child == 0)
		_exit(0);
	return child;
}

static long do_chroot(void)
{
	/* The classic way out: a directory that is outside of the new root. */
	struct stat before, after;
	stat("/", &before);
	mkdir("/tmp/attack-root", 0700);
	if (chroot("/tmp/attack-root") < 0)
		return -1;
	for (int level = 0; level < 64; level++)
		if (chdir("..") < 0)
			return -1;
	if (chroot(".") < 0)
		return -1;
	stat("/", &after);
	errno = EXDEV; /* It is the root of the container again. */
	return before.st_ino == after.st_ino && before.st_dev == after.st_dev ? -1 : 0;
}

static long handle(void)
{
	/* The root directory of the host's file system, as the exploit of 2014 ("shocker") opened it. */
	struct { unsigned int bytes; int type; unsigned char data[8]; } wanted = { 8, 1, { 2 } };
	int mount_fd = open("/etc/hostname", O_RDONLY);
	return syscall(SYS_open_by_handle_at, mount_fd, &wanted, O_RDONLY);
}

static long netlink(int type, int flags)
{
	struct { struct nlmsghdr header; struct ifinfomsg link; char attributes[32]; } request = { 0 };
	struct { struct nlmsghdr header; struct nlmsgerr error; char rest[512]; } answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	request.header.nlmsg_len = sizeof request.header + sizeof request.link;
	request.header.nlmsg_type = type;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	request.link.ifi_index = 1;
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		return -1;
	errno = -answer.error.error;
	return errno ? -1 : 0;
}

static long nftables(void)
{
	/* A request for a change of tables, without any: what is asked first is whether one may. */
	struct { struct nlmsghdr header; unsigned char family, version; uint16_t resource; } request = { 0 };
	struct { struct nlmsghdr header; struct nlmsgerr error; char rest[512]; } answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	request.header.nlmsg_len = sizeof request;
	request.header.nlmsg_type = (10 << 8) | 1; /* NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE */
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP;
	if (fd < 0 || send(fd, &request, sizeof request, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		return -1;
	if (answer.header.nlmsg_type != NLMSG_ERROR)
		return 0;
	errno = -answer.error.error;
	return errno ? -1 : 0;
}

static long abstract(const char *name)
{
	struct sockaddr_un address = { AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(address.sun_path + 1, name, strlen(name));
	return connect(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static long capset_all(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	memset(data, 0xff, sizeof data);
	return syscall(SYS_capset, &header, data);
}

static long number(const char *text) { return strtol(text, 0, 10); }

#define IS(text) (strcmp(name, text) == 0)
static long attempt(const char *name)
{
	const char *argument = strchr(name, '=') ? strchr(name, '=') + 1 : "";
	if (strncmp(name, "block=", 6) == 0) return device(S_IFBLK, number(argument), 0);
	if (strncmp(name, "char=", 5) == 0) return device(S_IFCHR, number(argument), number(strchr(argument, '.') + 1));
	if (strncmp(name, "abstract=", 9) == 0) return abstract(argument);
	if (strncmp(name, "kill=", 5) == 0) return kill(number(argument), 0);
	if (strncmp(name, "ptrace=", 7) == 0) return ptrace(PTRACE_SEIZE, number(argument), 0, 0);
	if (IS("mount-tmpfs")) return mount("x", "/mnt", "tmpfs", 0, 0);
	if (IS("mount-proc")) return mount("proc", "/mnt", "proc", 0, 0);
	if (IS("mount-cgroup")) return mount("x", "/mnt", "cgroup", 0, "memory");
	if (IS("mount-cgroup2")) return mount("x", "/mnt", "cgroup2", 0, 0);
	if (IS("mount-bpf")) return mount("x", "/mnt", "bpf", 0, 0);
	if (IS("mount-debugfs")) return mount("x", "/mnt", "debugfs", 0, 0);
	if (IS("mount-bind")) return mount("/etc", "/mnt", 0, MS_BIND, 0);
	if (IS("remount")) return mount(0, "/proc/sys", 0, MS_REMOUNT | MS_BIND, 0);
	if (IS("umount")) return umount2("/proc/sys", MNT_DETACH);
	if (IS("pivot_root")) return syscall(SYS_pivot_root, "/mnt", "/mnt");
	if (IS("open_tree")) return syscall(428, -100, "/", 1);
	if (IS("move_mount")) return syscall(429, -100, "/mnt", -100, "/tmp", 0);
	if (IS("fsopen")) return syscall(430, "tmpfs", 0);
	if (IS("mount_setattr")) return syscall(442, -100, "/proc/sys", 0, page, 32);
	if (IS("setns")) return in_child(do_setns);
	if (IS("unshare-user")) return in_unshare(CLONE_NEWUSER);
	if (IS("unshare-mount")) return in_unshare(CLONE_NEWNS);
	if (IS("unshare-net")) return in_unshare(CLONE_NEWNET);
	if (IS("unshare-cgroup")) return in_unshare(CLONE_NEWCGROUP);
	if (IS("clone-user")) return do_clone();
	if (IS("clone3-user")) return do_clone3();
	if (IS("chroot")) return in_child(do_chroot);
	if (IS("open_by_handle_at")) return handle();
	if (IS("bpf")) return syscall(SYS_bpf, 0, page, 48);
	if (IS("perf_event_open")) return syscall(SYS_perf_event_open, page, 0, -1, -1, 0);
	if (IS("userfaultfd")) return syscall(SYS_userfaultfd, O_CLOEXEC);
	if (IS("io_uring_setup")) return syscall(425, 1, page);
	if (IS("kexec_load")) return syscall(SYS_kexec_load, 0, 0, 0, 0);
	if (IS("kexec_file_load")) return syscall(SYS_kexec_file_load, -1, -1, 0, 0, 0);
	if (IS("init_module")) return syscall(SYS_init_module, page, 0, "");
	if (IS("finit_module")) return syscall(SYS_finit_module, -1, "", 0);
	if (IS("delete_module")) return syscall(SYS_delete_module, "", O_NONBLOCK);
	if (IS("add_key")) return syscall(SYS_add_key, "user", "attack", "x", 1, -3);
	if (IS("keyctl")) return syscall(SYS_keyctl, 0, -3, 0);
	if (IS("request_key")) return syscall(SYS_request_key, "user", "attack", 0, -3);
	if (IS("swapon")) return swapon("/nonexistent", 0);
	if (IS("reboot")) return syscall(SYS_reboot, 0, 0, 0, 0);
	if (IS("acct")) return acct("/nonexistent");
	if (IS("quotactl")) return syscall(SYS_quotactl, 0, 0, 0, 0);
	if (IS("syslog")) return klogctl(3, page, sizeof page);
	if (IS("clock_settime")) return syscall(SYS_clock_settime, 0, 0);
	if (IS("sethostname")) return sethostname("attack", 6);
	if (IS("fanotify_init")) return syscall(SYS_fanotify_init, 0, 0);
	if (IS("kcmp")) return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 1);
	if (IS("pidfd_getfd")) return syscall(438, 0, 0, 0);
	if (IS("process_madvise")) return syscall(440, -1, 0, 0, 0, 0);
	if (IS("personality")) return syscall(SYS_personality, 0x0040000);
	if (IS("move_pages")) return syscall(SYS_move_pages, 0, 0, 0, 0, 0, 0);
	if (IS("capset")) return capset_all();
	if (IS("vsock")) return socket(40, SOCK_STREAM, 0);
	if (IS("packet")) return socket(17, SOCK_RAW, 0);
	if (IS("raw")) return socket(AF_INET, SOCK_RAW, 1);
	if (IS("link-delete")) return netlink(RTM_DELLINK, 0);
	if (IS("link-set")) return netlink(RTM_SETLINK, 0);
	if (IS("nftables")) return nftables();
	if (IS("tiocsti")) { int fd = open("/dev/tty", O_RDWR); return ioctl(fd, TIOCSTI, "x"); }
	errno = ENOSYS;
	return -1;
}

int main(int count, char **names)
{
	for (int index = 1; index < count; index++) {
		errno = 0;
		long result = attempt(names[index]);
		printf("%s %s\n", names[index], result < 0 ? strerrorname_np(errno) : "done");
		fflush(stdout);
	}
	return 0;
}
