"""GLSL of the picture maker: shadow maps, and people lit by a few lamps and a baked sky."""

SHADOW_VERTEX = """
#version 330
in vec3 position; in vec2 uv;
uniform mat4 clip_from_world;
out vec2 vUv;
void main() { vUv = uv; gl_Position = clip_from_world * vec4(position, 1.0); }
"""

SHADOW_FRAGMENT = """
#version 330
in vec2 vUv;
uniform sampler2D skin;
void main() { if (texture(skin, vUv).a < 0.5) discard; }
"""

PERSON_VERTEX = """
#version 330
in vec3 position; in vec3 normal; in vec2 uv; in vec4 regions; in vec3 ambient;
uniform mat4 clip_from_world;
uniform mat4 shadow_from_world;
out vec3 vPosition; out vec3 vNormal; out vec2 vUv; out vec4 vRegions; out vec3 vAmbient; out vec3 vShadow;
void main() {
    vPosition = position; vNormal = normal; vUv = uv; vRegions = regions; vAmbient = ambient;
    vShadow = (shadow_from_world * vec4(position, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
"""

PERSON_FRAGMENT = """
#version 330
in vec3 vPosition; in vec3 vNormal; in vec2 vUv; in vec4 vRegions; in vec3 vAmbient; in vec3 vShadow;
out vec4 colour;

uniform sampler2D skin; uniform sampler2D second_skin; uniform float mix_share;
uniform sampler2D grain;      // tiling noise: broad, fine, spots
uniform sampler2D shadow;
uniform vec3 eye;
uniform vec3 lamp_direction[3]; uniform vec3 lamp_colour[3];   // the first one casts the shadow
uniform float shadow_softness; uniform float shadow_bias;
uniform vec3 lab_shift; uniform float chroma; uniform float hue;
uniform vec3 dye; uniform float dye_amount; uniform float mean_luminance;
uniform float specular; uniform float gloss; uniform float bump; uniform float translucent;
uniform float freckles; uniform float mottle; uniform float stubble; uniform float shorn; uniform float lipstick;
uniform vec3 hair_colour; uniform vec3 beard_colour; uniform vec3 lip_colour; uniform vec3 stripes;
uniform float exposure;
uniform int layer;            // 0: everything opaque; 1: only blended edges
uniform float opaque_alpha;

const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);

// OKLab (Ottosson 2020), cube roots by exp2/log2.
vec3 oklab(vec3 c) {
    vec3 lms = mat3(0.4122214708, 0.2119034982, 0.0883024619, 0.5363325363, 0.6806995451, 0.2817188376,
                    0.0514459929, 0.1073969566, 0.6299787005) * max(c, 1e-5);
    lms = pow(lms, vec3(1.0 / 3.0));
    return mat3(0.2104542553, 1.9779984951, 0.0259040371, 0.7936177850, -2.4285922050, 0.7827717662,
                -0.0040720468, 0.4505937099, -0.8086757660) * lms;
}
vec3 linear_rgb(vec3 lab) {
    vec3 lms = mat3(1.0, 1.0, 1.0, 0.3963377774, -0.1055613458, -0.0894841775,
                    0.2158037573, -0.0638541728, -1.2914855480) * lab;
    lms = lms * lms * lms;
    return max(mat3(4.0767416621, -1.2684380046, -0.0041960863, -3.3077115913, 2.6097574011, -0.7034186147,
                    0.2309699292, -0.3413193965, 1.7076147010) * lms, 0.0);
}

float relief(vec2 uv) { return dot(texture(skin, uv).rgb, LUMINANCE); }

vec3 bumped(vec3 n) {   // Mikkelsen 2010: surface gradient from screen derivatives
    vec3 px = dFdx(vPosition), py = dFdy(vPosition);
    float h = relief(vUv);
    float hx = relief(vUv + dFdx(vUv)) - h, hy = relief(vUv + dFdy(vUv)) - h;
    vec3 r1 = cross(py, n), r2 = cross(n, px);
    float det = dot(px, r1);
    return normalize(abs(det) * n - bump * sign(det) * (hx * r1 + hy * r2));
}

vec3 albedo(vec3 texel) {
    vec3 lab = oklab(pow(texel, vec3(2.2)));
    if (translucent > 0.0) {
        vec4 fine = texture(grain, vUv * 13.0), coarse = texture(grain, vUv * 3.0);
        lab += mottle * ((coarse.r - 0.5) * vec3(0.02, 0.012, 0.004) + (fine.g - 0.5) * vec3(0.03, 0.006, 0.006));
        lab += vRegions.y * mottle * vec3(-0.012, 0.022, 0.004);
        float spots = smoothstep(0.62, 0.8, texture(grain, vUv * 9.0).b) * freckles * (0.25 + vRegions.y);
        lab += spots * vec3(-0.12, 0.012, 0.02);
    }
    lab.x = max(lab.x + lab_shift.x, 0.02);
    float c = cos(hue), s = sin(hue);
    lab.yz = mat2(c, s, -s, c) * lab.yz * chroma + lab_shift.yz;
    vec3 rgb = linear_rgb(lab);
    float relative = clamp(dot(pow(texel, vec3(2.2)), LUMINANCE) / mean_luminance, 0.08, 2.5);
    rgb = mix(rgb, dye * pow(relative, 0.7), dye_amount);
    if (translucent > 0.0) {
        float strands = texture(grain, vUv * 40.0).g, patches = texture(grain, vUv * 6.0).r;
        float hairy = vRegions.x * stubble * (0.4 + 0.7 * strands + 0.5 * patches);
        float cropped = smoothstep(0.2, 0.8, vRegions.z + 0.5 * (texture(grain, vUv * 17.0).b - 0.5)) * shorn;
        rgb = mix(rgb, beard_colour * 0.8 + 0.1 * rgb, clamp(hairy, 0.0, 0.92));
        rgb = mix(rgb, hair_colour * 0.8 + 0.1 * rgb, clamp(cropped * (0.75 + 0.3 * strands), 0.0, 0.92));
        rgb = mix(rgb, lip_colour * (0.5 + 0.5 * min(relative, 1.4)), vRegions.w * lipstick * 0.7);
    }
    if (stripes.x > 0.0) {
        vec2 wave = sin(6.2832 * vPosition.xy * stripes.yz);
        float woven = stripes.y > 0.0 ? max(wave.x, wave.y) : wave.y;
        rgb *= 1.0 - stripes.x * smoothstep(-0.2, 0.2, woven);
    }
    return rgb;
}

float lit() {
    float sum = 0.0;
    vec2 texel = shadow_softness / vec2(textureSize(shadow, 0));
    for (int i = -1; i <= 1; i++) for (int j = -1; j <= 1; j++)
        sum += texture(shadow, vShadow.xy + vec2(i, j) * texel).r < vShadow.z - shadow_bias ? 0.0 : 1.0;
    return sum / 9.0;
}

void main() {
    vec4 texel = mix(texture(skin, vUv), texture(second_skin, vUv), mix_share);
    if (layer == 0 && texel.a < opaque_alpha) discard;
    if (layer == 1 && (texel.a >= opaque_alpha || texel.a < 0.03)) discard;
    vec3 base = albedo(texel.rgb);
    vec3 view = normalize(eye - vPosition);
    vec3 n = normalize(vNormal);
    if (dot(n, view) < 0.0 && translucent == 0.0) n = -n;
    if (bump > 0.0) n = bumped(n);

    vec3 diffuse = vAmbient, shine = vec3(0.0);
    float visible = lit();
    vec3 wrap = vec3(0.32, 0.12, 0.06) * translucent;
    for (int i = 0; i < 3; i++) {
        vec3 l = lamp_direction[i];
        float facing = dot(n, l);
        vec3 d = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0);
        float s = i == 0 ? visible : 1.0;
        diffuse += lamp_colour[i] * d * mix(vec3(s), vec3(1.0), wrap * 0.4);
        vec3 h = normalize(l + view);
        float fresnel = 0.04 + 0.96 * pow(1.0 - clamp(dot(h, view), 0.0, 1.0), 5.0);
        shine += lamp_colour[i] * s * clamp(facing, 0.0, 1.0) * fresnel
               * pow(clamp(dot(n, h), 0.0, 1.0), gloss) * (gloss + 8.0) / 8.0;
    }
    float grazing = pow(1.0 - clamp(dot(n, view), 0.0, 1.0), 4.0);
    vec3 c = base * diffuse + specular * (shine + vAmbient * (0.03 + 0.5 * grazing));
    c *= exposure;
    c = c * (1.0 + c / 6.0) / (1.0 + 0.75 * c);     // a soft shoulder, as cameras have
    c = pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
    colour = layer == 0 ? vec4(c, 1.0) : vec4(c * texel.a, texel.a);
}
"""
