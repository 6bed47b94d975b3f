# Runs as process 1 of a private host, in mount, network, pid, uts and ipc namespaces of its own.
# $1: the world's folder. $2: the folder of the built programs.
set -eu

# /proc is still the host's: it shows this process as the host numbers it.
read -r pid rest </proc/self/stat
mount -t proc -o nosuid,nodev,noexec proc /proc

mount -t tmpfs -o mode=0755 run /run
mkdir -p -m 0755 /run/sshd /run/netns /run/overlay
mkdir -m 1777 /run/lock
mount --bind /etc "$1/host-etc"
mount -o remount,bind,ro "$1/host-etc"
mount --bind "$1/etc" /etc
mount -t tmpfs -o mode=0755 log /var/log
mount -t tmpfs -o mode=0755 lib /var/lib
mount --bind "$2" "$1/bin"

# A /dev without the host's syslog socket.
dev=$1/dev
mount -t tmpfs -o mode=0755 dev "$dev"
for node in null zero full random urandom tty; do
	: >"$dev/$node"
	mount --bind "/dev/$node" "$dev/$node"
done
mkdir -m 0755 "$dev/pts"
mkdir -m 1777 "$dev/shm"
mount -t devpts -o newinstance,mode=0620,ptmxmode=0666,gid=5 devpts "$dev/pts"
mount -t tmpfs -o mode=1777 shm "$dev/shm"
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"
ln -s /proc/self/fd/0 "$dev/stdin"
ln -s /proc/self/fd/1 "$dev/stdout"
ln -s /proc/self/fd/2 "$dev/stderr"
mount --move "$dev" /dev

echo door >/proc/sys/kernel/hostname
ip link set lo up
# A new namespace may inherit the host's settings, and these matter: the door answers for the
# addresses on its loopback device, and no reply may be thrown away for the way it took.
for setting in conf/all/arp_ignore conf/all/rp_filter conf/default/rp_filter; do
	echo 0 >"/proc/sys/net/ipv4/$setting"
done
echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6

echo "$pid"
# Children of others that end up here are reaped by the kernel. The world lasts until the test
# closes our input, be it by dying.
trap '' CHLD
exec cat >/dev/null
