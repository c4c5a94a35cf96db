#include "gateway/voice/speaker.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <sndfile.h>
#include <stdio.h>
#include <unistd.h>

#define LATENCY_US 200000
#define FRAMES     2048

static int no_card(const char *device, int error, char *ret_why, unsigned size)
{
    (void)snprintf(ret_why, size, "the sound card \"%s\" can't be used: %s", device, snd_strerror(error));
    return error == -ENOENT ? -ENODEV : error;
}

static int open_card(const char *device, snd_pcm_t **ret_pcm, char *ret_why, unsigned size)
{
    int r = snd_pcm_open(ret_pcm, device, SND_PCM_STREAM_PLAYBACK, 0);
    return r < 0 ? no_card(device, r, ret_why, size) : 0;
}

static int play(snd_pcm_t *pcm, SNDFILE *sound, int channels)
{
    short frames[FRAMES * 2];
    sf_count_t n;
    while ((n = sf_readf_short(sound, frames, FRAMES)) > 0) {
        for (sf_count_t done = 0; done < n;) {
            snd_pcm_sframes_t r =
                snd_pcm_writei(pcm, frames + done * channels, (snd_pcm_uframes_t)(n - done));
            if (r < 0) {
                r = snd_pcm_recover(pcm, (int)r, 1); // an underrun goes on where it was
            }
            if (r < 0) {
                return (int)r;
            }
            done += r;
        }
    }
    int r = snd_pcm_drain(pcm);
    return r < 0 ? r : 0;
}

int speaker_play(const char *device, const char *file, char *ret_why, unsigned size)
{
    SF_INFO info = { 0 };
    SNDFILE *sound = sf_open(file, SFM_READ, &info);
    if (!sound || info.channels < 1 || info.channels > 2) {
        int r = access(file, R_OK) < 0 ? -errno : -EINVAL;
        (void)snprintf(ret_why, size, "the phrase %s can't be read: %s", file,
                       sound ? "it has too many channels" : sf_strerror(NULL));
        sf_close(sound);
        return r;
    }
    snd_pcm_t *pcm = NULL;
    int r = open_card(device, &pcm, ret_why, size);
    if (r == 0) {
        r = snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED,
                               (unsigned)info.channels, (unsigned)info.samplerate, 1, LATENCY_US);
        r = r < 0 ? r : play(pcm, sound, info.channels);
        if (r < 0) {
            (void)no_card(device, r, ret_why, size);
        }
        snd_pcm_close(pcm);
    }
    sf_close(sound);
    return r;
}

int speaker_check(const char *device, char *ret_why, unsigned size)
{
    snd_pcm_t *pcm = NULL;
    int r = open_card(device, &pcm, ret_why, size);
    if (r == 0) {
        snd_pcm_close(pcm);
    }
    return r;
}
